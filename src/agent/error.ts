export type AgentErrorCode =
  /** No agent listens on the socket. */
  | 'unreachable'
  /** The agent closed the connection, or we did. */
  | 'closed'
  /** The agent did not answer in time. */
  | 'timeout'
  /** The agent said no: no such key, a person who declined, a constraint that it does not know. */
  | 'refused'
  /** The agent's answer is not what the protocol allows. */
  | 'malformed'
  /** An agent of our own could not be started. */
  | 'not-started';

/** What went wrong with an ssh-agent; `code` is stable, `message` is for people. */
export class AgentError extends Error {
  readonly code: AgentErrorCode;

  constructor(code: AgentErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'AgentError';
    this.code = code;
  }
}
