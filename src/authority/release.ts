/**
 * Step 10: what leaves the authority. Certificates come out of the log only, with the proofs that they are in it; whoever
 * holds the request's poll secret gets the same ones again until the request is kept no more.
 */
import { decodeLeaf } from '../log/leaf.ts';
import type { NodeCoordinate } from '../log/merkle.ts';
import type { ProofPlan } from '../log/proofs.ts';
import { lookupIn, makeProof, nodesOf, planConsistency, planInclusion } from '../log/proofs.ts';
import type { Authority } from './authority.ts';
import { AuthorityError } from './error.ts';
import { findIssue } from './find-request.ts';
import { allowed, resumeRequest } from './issue.ts';
import { approveBy } from './pending-issue.ts';
import type { LogHead, StoreReader } from './ports.ts';
import type { Purpose } from './purpose.ts';
import { purposeOf } from './purpose.ts';
import type { PendingIssue, RequestId } from './records.ts';
import { assertKept, assertNotRejected } from './request-state.ts';

export interface Released {
  readonly certificates: readonly ReleasedCertificate[];
  readonly checkpoint: string;
  /** From the checkpoint that the caller saw last to this one. */
  readonly consistencyProof: readonly Uint8Array[];
}

export interface ReleasedCertificate {
  readonly purpose: Purpose;
  readonly certificate: Uint8Array;
  readonly leafIndex: number;
  readonly leaf: Uint8Array;
  readonly inclusionProof: readonly Uint8Array[];
}

/** What a request has come to, for the command that asked. @throws AuthorityError with the reason of a refusal. */
export async function resultOf(
  authority: Authority,
  id: RequestId,
  pollSecret: string,
): Promise<PendingIssue> {
  const request = await authority.store.read((tx) => findIssue(tx, id, { pollSecret }));
  // A late resumption, too, would be one that nobody waits for.
  assertKept(authority, request);
  const current = allowed(await resumeRequest(authority, request));
  assertNotOver(authority, current);
  return current;
}

/**
 * @param seenSize size of the last checkpoint that the caller saw; 0 when none. A size beyond the log's own gets no
 * consistency proof: the caller then sees the fork for itself.
 */
export async function release(
  authority: Authority,
  request: PendingIssue,
  seenSize: number,
): Promise<Released> {
  if (request.state.kind !== 'issued') throw new TypeError('only what is issued can be released');
  const { serials } = request.state;
  return authority.store.read(async (tx) => {
    const head = await tx.logHead();
    const certificates: ReleasedCertificate[] = [];
    for (const serial of serials) certificates.push(await releaseOne(tx, head, serial));
    return {
      certificates,
      checkpoint: head.checkpoint,
      consistencyProof: await proveConsistency(tx, head, seenSize),
    };
  });
}

/** The proof that the log only grew since a checkpoint of `seenSize`. */
export async function proveConsistency(
  tx: StoreReader,
  head: LogHead,
  seenSize: number,
): Promise<readonly Uint8Array[]> {
  return seenSize > head.size ? [] : prove(tx, planConsistency(seenSize, head.size));
}

async function releaseOne(tx: StoreReader, head: LogHead, serial: bigint): Promise<ReleasedCertificate> {
  const logged = await tx.leafOfSerial(serial);
  if (logged === undefined || logged.index >= head.size)
    throw new TypeError('a recorded certificate is not in the log: it is not released');
  const leaf = decodeLeaf(logged.leaf);
  if (leaf.kind !== 'certificate' && leaf.kind !== 'reviewed-certificate')
    throw new TypeError('the leaf of a certificate is of another kind');
  return {
    purpose: purposeOf(leaf.purpose),
    certificate: leaf.certificate,
    leafIndex: logged.index,
    leaf: logged.leaf,
    inclusionProof: await prove(tx, planInclusion(logged.index, head.size)),
  };
}

async function prove(tx: StoreReader, plan: ProofPlan): Promise<readonly Uint8Array[]> {
  const places: readonly NodeCoordinate[] = nodesOf(plan);
  const hashes = await tx.logNodes(places);
  const nodes = places.flatMap((place, index) => {
    const hash = hashes[index];
    return hash === undefined ? [] : [{ ...place, hash }];
  });
  return makeProof(plan, lookupIn(nodes));
}

function assertNotOver(authority: Authority, request: PendingIssue): void {
  assertNotRejected(request);
  const now = authority.clock.now();
  if (request.state.kind === 'pending' && now >= request.expiresAt)
    throw new AuthorityError('request-expired', 'nobody touched the security key in time: ask again');
  if (request.state.kind === 'waiting' && now >= approveBy(request))
    throw new AuthorityError('request-expired', 'nobody approved the request in time: ask again');
}
