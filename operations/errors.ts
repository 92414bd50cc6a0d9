/** A failure that the operator can act on: its message is one plain line and is shown without a stack trace. */
export class OperatorError extends Error {
    override readonly name: string = "OperatorError";
}
