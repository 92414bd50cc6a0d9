/** Holds the manifests of stack prod against checkov and kube-score. Exits with 1 on any finding that is not listed. */
import { goldenFile } from "../golden/manifests";
import { compare, readExceptions } from "./exceptions";
import { checkovReport, kubeScoreReport } from "./findings";

function main(): void {
    const file = goldenFile("prod");
    const reports = { checkov: checkovReport(file), "kube-score": kubeScoreReport(file) };
    const findings = Object.values(reports).flatMap(({ failed }) => failed);
    const { unlisted, stale } = compare(findings, readExceptions());

    for (const { tool, check, object, message } of unlisted) console.error(`${tool} ${check}: ${object}: ${message}`);
    for (const { tool, check, object } of stale) {
        console.error(`${tool} ${check}: ${object}: no finding any more; remove it from test/check/exceptions.yaml`);
    }
    for (const [tool, { passed, failed }] of Object.entries(reports)) {
        const open = unlisted.filter((finding) => finding.tool === tool).length;
        console.log(`${tool}: ${passed} passed, ${open} failed, ${failed.length - open} listed with their reasons`);
    }
    process.exitCode = unlisted.length + stale.length > 0 ? 1 : 0;
}

main();
