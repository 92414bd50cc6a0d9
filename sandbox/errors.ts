/** A failure that the user can act on: its message is one plain line and is shown without a stack trace. */
export class SandboxError extends Error {
    override readonly name = "SandboxError";
}
