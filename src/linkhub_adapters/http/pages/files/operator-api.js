// How the operator's page asks the server: with the token of this tab, and with answers that are always a value.
//
// The token is in this tab's session storage and nowhere else; `#token=...` in the address, which `linkhub demo` prints, is
// moved there.

const ANSWER_MS = 60_000; // a dead-letter queue on SQS is read message by message
const TOKEN_KEY = "linkhub.admin-token";

export class OperatorApi {
  #refused;

  /** `refused(hadToken)` is called when the server wants a token, or another one. */
  constructor(refused) {
    this.#refused = refused;
    const token = new URLSearchParams(location.hash.slice(1)).get("token");
    if (!token) return;
    this.takeToken(token);
    history.replaceState(null, "", location.pathname + location.search);
  }

  takeToken(token) {
    sessionStorage.setItem(TOKEN_KEY, token);
  }

  /** `{status, isOk, document, etag}`; status 0 with a `detail` if there was no answer. */
  async ask(method, path, { body, headers = {}, answerMs = ANSWER_MS } = {}) {
    const token = sessionStorage.getItem(TOKEN_KEY);
    try {
      const response = await fetch(path, {
        method,
        headers: { Accept: "application/json", ...(token && { Authorization: `Bearer ${token}` }), ...headers },
        body: body === undefined ? undefined : JSON.stringify(body),
        signal: AbortSignal.timeout(answerMs),
      });
      if (response.status === 401) this.#forget(token !== null);
      const document = await response.json().catch(() => ({}));
      return { status: response.status, isOk: response.ok, document, etag: response.headers.get("ETag") };
    } catch (error) {
      const detail = error.name === "TimeoutError" ? "linkhub does not answer" : "linkhub cannot be reached";
      return { status: 0, isOk: false, document: { detail }, etag: null };
    }
  }

  #forget(hadToken) {
    sessionStorage.removeItem(TOKEN_KEY);
    this.#refused(hadToken);
  }
}

/** Why a request failed, as a sentence for a person. */
export function problemText({ status, document }) {
  return document.detail ?? `linkhub answered ${status}.`;
}
