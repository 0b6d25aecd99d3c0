/** Screens of failures that the pages share. */
import type { ComponentChildren } from 'preact';
import type { Refusal } from './api.ts';
import type { CommonStop, SecretPageStop } from './course.ts';
import { RefusalText } from './refusal.tsx';
import { Screen } from './screen.tsx';
import { asSentence } from './words.ts';

export function CommonStopScreen({ stop }: { readonly stop: CommonStop<string> }) {
  return stop.kind === 'faulty' ? (
    <FaultyScreen code={stop.code} detail={stop.detail} />
  ) : (
    <NoWebauthn isSecureContext={stop.isSecureContext} />
  );
}

/** How a page whose address is a secret words its ends. */
export interface StopWords {
  /** The title when nothing is left of the address: the page was reloaded. */
  readonly emptyAddress: string;
  readonly incompleteAddress: string;
  /** What was in the address. */
  readonly secret: 'it' | 'the invite';
  readonly refused: RefusedTitles;
}

interface SecretPageStopProps {
  readonly stop: SecretPageStop<string>;
  readonly words: StopWords;
}

export function SecretPageStopScreen({ stop, words }: SecretPageStopProps) {
  switch (stop.kind) {
    case 'bad-address':
      return <BadAddressScreen isEmpty={stop.isEmpty} words={words} />;
    case 'refused':
      return <RefusedScreen refusal={stop.refusal} titles={words.refused} />;
    default:
      return <CommonStopScreen stop={stop} />;
  }
}

interface BadAddressProps {
  readonly isEmpty: boolean;
  readonly words: StopWords;
}

function BadAddressScreen({ isEmpty, words }: BadAddressProps) {
  return (
    <Screen title={isEmpty ? words.emptyAddress : words.incompleteAddress} tone="bad">
      <p>
        Open the whole address that you were given, with everything behind the #. This page forgets{' '}
        {words.secret} when it is reloaded, so that it stays in no history.
      </p>
    </Screen>
  );
}

function NoWebauthn({ isSecureContext }: { readonly isSecureContext: boolean }) {
  return (
    <Screen title="This browser can not use security keys" tone="bad">
      {isSecureContext ? (
        <p>
          It has no WebAuthn, or it is switched off. Open this address in a current browser, or use a security
          key from the terminal.
        </p>
      ) : (
        <p>
          Browsers allow security keys only over HTTPS. Open this page at the https:// address of the
          authority.
        </p>
      )}
    </Screen>
  );
}

function FaultyScreen({ code, detail }: { readonly code: string; readonly detail: string }) {
  return (
    <Screen title="This page refuses to go on" tone="bad">
      <p>{detail}</p>
      <p>
        What the authority sent does not fit together, so nothing was shown to your key. Tell whoever runs it.
      </p>
      <p class="code-line">
        Code <code>{code}</code>
      </p>
    </Screen>
  );
}

export function InterruptedScreen({
  detail,
  onRetry,
}: {
  readonly detail: string;
  readonly onRetry: () => void;
}) {
  return (
    <Screen title="The authority could not be reached" tone="bad">
      <p>{asSentence(detail)} Nothing is lost: the same step is done again.</p>
      <div class="actions">
        <button type="button" class="primary" onClick={onRetry}>
          Try again
        </button>
      </div>
    </Screen>
  );
}

/** Of refusals, by their code. */
export type RefusedTitles = Readonly<Record<string, string>>;

interface RefusedScreenProps {
  readonly refusal: Refusal;
  readonly titles: RefusedTitles;
  readonly otherwise?: string | undefined;
  readonly children?: ComponentChildren;
}

export function RefusedScreen({
  refusal,
  titles,
  otherwise = 'The authority refused',
  children,
}: RefusedScreenProps) {
  return (
    <Screen title={titles[refusal.code] ?? otherwise} tone="bad">
      <RefusalText refusal={refusal} />
      {children}
    </Screen>
  );
}
