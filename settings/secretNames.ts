/** The one rule for what looks secret: settings refuse it in plain text, the policy pack in what is deployed. */

const SECRET_NAME = /PASSWORD|PASSWD|PASSPHRASE|_PASS$|_PWD$|SECRET|TOKEN|PRIVATE_?KEY|API_?KEY|CREDENTIAL/i;
/** What names the file or the object with the secret in it holds none itself; nor does a switch. */
const REFERENCE_NAME = /_(FILE|PATH|DIR|NAME|URL)$/i;
const SWITCH = /^(|0|1|true|false|yes|no|on|off)$/i;
const SECRET_FORM = /-----BEGIN [A-Z ]*PRIVATE KEY-----|^[a-z][a-z0-9+.-]*:\/\/[^/\s:@]*:[^/\s@]+@/i;

/** Whether a value is secret by its form (a private key, a URL with a password in it) or by the name that it has. */
export function looksSecret(name: string, value: unknown): boolean {
    if (typeof value !== "string" && typeof value !== "number") return false;
    const text = String(value);
    if (SECRET_FORM.test(text)) return true;
    return SECRET_NAME.test(name) && !REFERENCE_NAME.test(name) && !SWITCH.test(text);
}
