/** Sends a signal to a process that may have ended in the meantime. */
export function signal(pid: number, name: "SIGTERM" | "SIGKILL"): void {
    try {
        process.kill(pid, name);
    } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
}
