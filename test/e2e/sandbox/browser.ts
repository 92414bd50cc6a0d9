/** The sandbox's pages in a real browser, Debian's Chromium, used as a person uses it. */
import { Browser, chromium, Locator, Page } from "playwright-core";
import { ADMIN, adminPassword } from "../../../sandbox/admin";
import { providePackages } from "../../../sandbox/cluster/packages";
import { waitUntil } from "../../../operations/wait";

/** Starts the browser, and installs it first where it is missing. */
export async function openBrowser(): Promise<Browser> {
    await providePackages(["chromium"]);
    return chromium.launch({ executablePath: "/usr/bin/chromium" });
}

/** A run as the page of reports shows it. */
export interface Report {
    readonly id: number;
    readonly type: string;
    readonly received: number;
    readonly sent: number;
}

/** The pages of Bots 3.3, at one address. */
export class Pages {
    private constructor(
        private readonly page: Page,
        private readonly address: string,
    ) {}

    /** Logs in. */
    static async login(browser: Browser, address: string): Promise<Pages> {
        const page = await browser.newPage();
        await page.goto(`${address}/login/`);
        await page.getByLabel("Username:").fill(ADMIN);
        await page.getByLabel("Password:").fill(adminPassword());
        await page.getByRole("button", { name: "Log in" }).click();
        await page.waitForURL(`${address}/home`);
        return new Pages(page, address);
    }

    /** Chooses an entry of a menu. */
    async choose(menu: string, entry: string): Promise<void> {
        const column = this.page.locator("#menu > ul").filter({ has: this.page.locator(`> a:text-is("${menu}")`) });
        await column.hover();
        await column.getByRole("link", { name: entry }).click();
    }

    /** Chooses an entry of the menu Run and returns the line that the page answers with. */
    async run(entry: string): Promise<string> {
        await this.choose("Run", entry);
        return this.line();
    }

    /** Opens what a person can type into the address bar, and returns the line that the page shows. */
    async type(path: string): Promise<string> {
        await this.page.goto(this.address + path);
        return this.line();
    }

    private async line(): Promise<string> {
        return (await this.page.locator(".messagelist").innerText()).trim();
    }

    /** Marks a file by the entry of its star, in a list of all runs; returns whether the list shows the mark. */
    async mark(list: string, file: string, entry: string): Promise<boolean> {
        await this.choose("All runs", list);
        await this.row(file).locator(".dropdown").hover();
        await this.row(file).getByRole("button", { name: entry }).click();
        return this.row(file).locator("input[type=checkbox]").isChecked();
    }

    private row(file: string): Locator {
        return this.page.locator("#botstable tbody tr").filter({ hasText: file }).first();
    }

    /** The reports of the runs, the newest first. */
    async reports(): Promise<Report[]> {
        await this.choose("All runs", "Report (per run)");
        const rows = await this.page.locator("#botstable tbody tr").all();
        return Promise.all(
            rows.map(async (row) => {
                const [, , type = "", received, sent] = await row.locator("> td").allInnerTexts();
                const id = await row.locator("button[name=report2incoming]").getAttribute("value");
                return { id: Number(id), type, received: Number(received), sent: Number(sent) };
            }),
        );
    }

    /** Runs an entry of the menu Run; returns the line that the page answers with, and the report once it is there. */
    async runToEnd(entry: string): Promise<[line: string, report: Report]> {
        const newest = async () => (await this.reports())[0];
        const before = await newest();
        const line = await this.run(entry);
        let report = before;
        const isThere = async () => (report = await newest())?.id !== before?.id;
        await waitUntil(`the report of "${entry}"`, isThere, { timeout: 90, interval: 1000 });
        return [line, report as Report];
    }
}
