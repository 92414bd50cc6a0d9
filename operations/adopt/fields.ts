/** Who owns the fields of an object: what Pulumi takes over of kubectl it takes away where the stack does not have it. */
import { type System } from "../system";
import { type LiveObject } from "./objects";

/** Makes kubectl the owner of every field, whoever set it: another tool's would stay, as a volume or a label of a selector. */
export async function giveFieldsToKubectl({ kubectl }: System, { kind, metadata }: LiveObject): Promise<void> {
    const { name, namespace = "" } = metadata;
    const of = [kind, name, "-n", namespace];
    const { metadata: own, ...fields } = await kubectl.get<LiveObject>(...of);
    const nobody = JSON.stringify({ metadata: { managedFields: [{}] } });
    await kubectl.run(["patch", ...of, "--type=merge", "-p", nobody]);
    const { labels, annotations } = own;
    const input = JSON.stringify({ ...fields, status: undefined, metadata: { name, namespace, labels, annotations } });
    await kubectl.run(["apply", "--server-side", "--field-manager=kubectl", "-f", "-"], { input });
}
