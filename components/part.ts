import * as pulumi from "@pulumi/pulumi";

/**
 * Options of a part of the system. What it comes after is given as plain resources: a part passes them on to each of its
 * objects, so that the order stands in every one of them and holds when they are deleted too.
 */
export interface PartOptions extends pulumi.ComponentResourceOptions {
    dependsOn?: pulumi.Resource[];
}
