/** Fills in a text's `{{names}}`. */
export function fill(text: string, values: Readonly<Record<string, string | number>>): string {
    return text.replace(/\{\{(\w+)\}\}/g, (placeholder, name: string) => {
        const value = values[name];
        if (value === undefined) throw new Error(`${placeholder} has no value`);
        return `${value}`;
    });
}
