import { computed, signal } from "@preact/signals";
import { api } from "../http/client";
import type { Models } from "../realtime/types";

export const models = signal<Models | null>(null);

const labels = computed(() => new Map(models.value?.providers.flatMap((it) => it.models).map((it) => [it.id, it.label])));

export async function loadModels(): Promise<void> {
  models.value = await api<Models>("GET", "/api/models");
}

/** What people call a model; its id when the provider does not know it any more. */
export function labelOf(model: string): string {
  return labels.value.get(model) ?? model;
}
