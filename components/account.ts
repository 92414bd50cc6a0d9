/** What the pods of a ServiceAccount may do through the API. */
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { Component, labels } from "./labels";

/** A ServiceAccount by its name. */
export interface Account {
    readonly name: string;
    readonly namespace: string;
}

/** Lets an account do something in a namespace, its own or another: Role and RoleBinding, called as the account. Returns what to depend on. */
export function allow(
    name: string,
    args: {
        readonly account: Account;
        readonly namespace: string;
        readonly component: Component;
        readonly rules: k8s.types.input.rbac.v1.PolicyRule[];
    },
    opts: pulumi.CustomResourceOptions,
): pulumi.Resource {
    const { account, namespace, component, rules } = args;
    const metadata = { name: account.name, namespace, labels: labels(component) };
    new k8s.rbac.v1.Role(name, { metadata, rules }, opts);
    const roleRef = { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: account.name };
    const subjects = [{ kind: "ServiceAccount", ...account }];
    return new k8s.rbac.v1.RoleBinding(name, { metadata, roleRef, subjects }, opts);
}
