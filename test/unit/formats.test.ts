import assert from "node:assert/strict";
import fc from "fast-check";
import * as formats from "../../formats";

function takes(format: { safeParse(value: unknown): { success: boolean } }, good: unknown[], bad: unknown[]): void {
    for (const value of good) assert.ok(format.safeParse(value).success, `${JSON.stringify(value)} was refused`);
    for (const value of bad) assert.ok(!format.safeParse(value).success, `${JSON.stringify(value)} was taken`);
}

describe("formats", () => {
    it("reads quantities", () => {
        assert.equal(formats.quantityValue("500m"), 0.5);
        assert.equal(formats.quantityValue("2"), 2);
        assert.equal(formats.quantityValue("1.5Gi"), 1.5 * 1024 ** 3);
        assert.equal(formats.quantityValue("1k"), 1000);
        assert.equal(formats.quantityValue("1Ki"), 1024);
        for (const text of ["", "1 Gi", "-1", "1gi", "Gi", "1e3x"])
            assert.equal(formats.quantityValue(text), undefined);
    });

    it("orders quantities of one suffix as their numbers", () => {
        const suffix = fc.constantFrom("", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei");
        const number = fc.integer({ min: 0, max: 100_000 });
        fc.assert(
            fc.property(number, number, suffix, (one, other, unit) => {
                const [left, right] = [one, other].map((value) => formats.quantityValue(`${value}${unit}`) ?? NaN);
                assert.equal(Math.sign((left ?? NaN) - (right ?? NaN)), Math.sign(one - other));
            }),
        );
    });

    it("writes quantities as Kubernetes does", () => {
        for (const [written, canonical] of [
            ["2000m", "2"],
            ["1500m", "1500m"],
            ["0.5", "500m"],
            ["0.07", "70m"],
            ["1", "1"],
            ["1000", "1k"],
            ["1000M", "1G"],
            ["1024Mi", "1Gi"],
            ["0.5Gi", "512Mi"],
            ["1.5Gi", "1536Mi"],
            ["1024", "1024"],
            ["9999999Ei", "9999999Ei"],
        ] as const) {
            assert.equal(formats.canonicalQuantity(written), canonical, written);
        }
    });

    it("takes quantities above zero", () => {
        takes(formats.cpu, ["100m", "1", "0.5"], ["0", "0m", "", "one", 1, "256Mi", "0.5m"]);
        takes(formats.memory, ["256Mi", "1G", "1.5Gi", "1000000"], ["0Mi", "256MB", "512m"]);
        takes(formats.size, ["20Gi"], ["20 Gi", "20m"]);
    });

    it("takes fixed image tags only", () => {
        takes(
            formats.imageTag,
            ["4.0", "v4.0.1", "latest-4", "_x"],
            ["latest", "", ".4", "4 0", "a/b", "x".repeat(129)],
        );
        takes(
            formats.imageReference,
            ["docker.io/library/mariadb:10.11.11", `x@sha256:${"a".repeat(64)}`],
            ["x", "x:latest"],
        );

        takes(
            formats.imageRepository,
            ["harbor.pminc.me/priv/bots-edi", "localhost:5000/a", "a"],
            ["a:4.0", "A/b", "a//b"],
        );
    });

    it("takes names as Kubernetes does", () => {
        takes(formats.namespaceName, ["edi", "edi-2", "e".repeat(63)], ["Edi", "-edi", "edi.x", "e".repeat(64), ""]);
        takes(formats.objectName, ["bots-edi.tls"], ["Bots", "a_b", "a..b", "a".repeat(254)]);
        takes(formats.envName, ["EMAIL_HOST", "_a1"], ["1A", "A-B", "A B", ""]);
    });

    it("takes host names without scheme, port or path", () => {
        takes(formats.hostName, ["bots-edi.pminc.me"], ["bots-edi", "https://a.b", "a.b:80", "a.b/c", "A.b", "a..b"]);
        takes(formats.allowedHost, ["*", ".pminc.me", "10.0.0.1", "[::1]"], ["http://a", "a b", ""]);
        takes(
            formats.origin,
            ["https://a.b", "http://localhost:8080", "https://*.a.b"],
            ["a.b", "https://a.b/", "ftp://a"],
        );
        takes(formats.cidr, ["10.0.0.0/8", "fd00::/8"], ["10.0.0.0", "10.0.0.0/33", "x"]);
    });

    it("takes schedules as Kubernetes does", () => {
        takes(
            formats.cronSchedule,
            ["*/5 * * * *", "* * * * *", "0 0 1 JAN *", "0 8-18/2 * * MON-FRI", "0 0 * * 0", "@hourly"],
            [
                "every 5 minutes",
                "* * * *",
                "60 * * * *",
                "*/0 * * * *",
                "0 0 * * 7",
                "0 0 L * *",
                "@reboot",
                "0 * * * * *",
                5,
            ],
        );
    });

    it("takes what Bots can work with", () => {
        takes(formats.routeId, ["orders", "orders.in-1"], ["--routeid=orders", "-x", "a b", "", "x".repeat(36)]);
        takes(formats.absolutePath, ["/home/bots/.bots/in"], ["in", "/in/", "/a b", "/"]);
        takes(formats.fileMask, ["*", "*.edi"], ["", " ", "a/b", "a\nb"]);
        takes(
            formats.timeZone,
            ["UTC", "Europe/Amsterdam", "Asia/Kolkata", "Europe/Kyiv", "Etc/UTC", "GMT", "EST5EDT"],
            ["Mars/Olympus", "", "europe/amsterdam", "asia/kolkata", "utc", "EUROPE/PARIS"],
        );
    });

    it("takes numbers in their range", () => {
        takes(formats.count, [1, 3], [0, -1, 1.5, "1"]);
        takes(formats.seconds, [1, 300], [0, 0.5]);
        takes(formats.port, [1, 65535], [0, 65536]);
        takes(formats.flag, [true, false, "true", "false"], ["yes", "1", 1]);
    });
});
