import { ReviewFault } from './fault.ts';

/** Where this page is. */
export interface Here {
  readonly origin: string;
  readonly requestId: string;
}

/** @throws ReviewFault when the reply belongs to another place than this page. */
export function checkPlace(reply: Here, here: Here): void {
  if (reply.origin !== here.origin)
    throw new ReviewFault(
      'wrong-origin',
      `The request belongs to ${reply.origin}, this page to ${here.origin}.`,
    );
  if (reply.requestId !== here.requestId)
    throw new ReviewFault('other-request', 'The authority answered with another request.');
}
