import { OperatorError } from "../operations/errors";

/** A failure of the sandbox that its user can act on. */
export class SandboxError extends OperatorError {
    override readonly name = "SandboxError";
}
