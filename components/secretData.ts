/** The data of a Secret whose values are known in the update only. */
import * as pulumi from "@pulumi/pulumi";

/** Values as a Secret's data holds them. Not stringData: the provider makes data of it once it is known, which was not planned. */
export function secretData(
    values: pulumi.Input<Readonly<Record<string, pulumi.Input<string>>>>,
): pulumi.Output<Record<string, string>> {
    const base64 = (text: string) => Buffer.from(text).toString("base64");
    return pulumi
        .output(values)
        .apply((all) => Object.fromEntries(Object.entries(all).map(([key, value]) => [key, base64(value)])));
}
