/** A real Chromium with a virtual authenticator, for tests of the pages. */
import type { Browser, BrowserContextOptions, CDPSession, Page } from 'playwright-core';
import { chromium } from 'playwright-core';

export const CHROMIUM = '/usr/bin/chromium';

const PATIENCE_MS = 10_000;

export interface Visitor {
  readonly page: Page;
  readonly authenticator: VirtualAuthenticator;
  /** What the browser complained about: violations of the policy, failed loads, exceptions. */
  readonly complaints: readonly string[];
  close(): Promise<void>;
}

export interface VirtualAuthenticator {
  /** Whether it answers by itself as a key that is touched at once would. */
  setPresent(isPresent: boolean): Promise<void>;
  setVerified(isVerified: boolean): Promise<void>;
  /** Forgets all credentials: it holds only three. */
  clear(): Promise<void>;
}

export interface VisitorOptions {
  readonly width?: number;
  readonly colorScheme?: 'light' | 'dark';
  readonly hasUserVerification?: boolean;
  readonly lacksWebauthn?: boolean;
}

export function launchBrowser(): Promise<Browser> {
  // Containers and root have no user namespaces of their own for Chromium's sandbox.
  return chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-gpu'] });
}

/** A fresh profile with an authenticator of its own. */
export async function visit(browser: Browser, options: VisitorOptions = {}): Promise<Visitor> {
  const context = await browser.newContext(contextOptions(options));
  if (options.lacksWebauthn === true) await context.addInitScript('delete window.PublicKeyCredential;');
  context.setDefaultTimeout(PATIENCE_MS);
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (isComplaint(message.type(), message.text())) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  const session = await context.newCDPSession(page);
  const authenticator = await addAuthenticator(session, options.hasUserVerification ?? true);
  return { page, authenticator, complaints, close: () => context.close() };
}

function contextOptions({ width = 1100, colorScheme = 'light' }: VisitorOptions): BrowserContextOptions {
  return {
    viewport: { width, height: width < 600 ? 780 : 900 },
    colorScheme,
    locale: 'en-GB',
    timezoneId: 'UTC',
  };
}

/** Refusals of the API reach the console as failed loads; they are what the tests ask for. */
function isComplaint(type: string, text: string): boolean {
  return type === 'error' && !text.startsWith('Failed to load resource');
}

async function addAuthenticator(
  session: CDPSession,
  hasUserVerification: boolean,
): Promise<VirtualAuthenticator> {
  await session.send('WebAuthn.enable');
  const { authenticatorId } = await session.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'usb',
      hasResidentKey: true,
      hasUserVerification,
      isUserVerified: hasUserVerification,
      automaticPresenceSimulation: true,
    },
  });
  return {
    async setPresent(enabled) {
      await session.send('WebAuthn.setAutomaticPresenceSimulation', { authenticatorId, enabled });
    },
    async setVerified(isUserVerified) {
      await session.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified });
    },
    async clear() {
      await session.send('WebAuthn.clearCredentials', { authenticatorId });
    },
  };
}
