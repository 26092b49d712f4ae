import { own } from "../auth/who";
import { models } from "../models/store";
import { recall, remember } from "../ui/storage";

export function rememberModel(model: string): void {
  remember(localStorage, own("model"), model);
}

/** What this user chose last, as far as it is still offered; `null`: the server's default. */
export function lastModel(): string | null {
  const model = recall<string | null>(localStorage, own("model"), null);
  const offered = models.value?.providers.find(({ provider }) => model?.startsWith(`${provider}/`));
  return models.value === null || offered !== undefined ? model : null;
}
