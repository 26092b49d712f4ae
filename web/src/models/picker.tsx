import { useState } from "preact/hooks";
import type { Provider } from "../realtime/types";
import { Icon } from "../ui/icons";
import { Popover } from "../ui/menu";
import { showError } from "../ui/toast";
import { labelOf, loadModels, models } from "./store";

interface Props {
  /** `null`: the server's default. */
  value: string | null;
  onChange: (model: string) => void;
}

export function ModelPicker({ value, onChange }: Props) {
  const chosen = value ?? models.value?.defaultModel;
  const name = chosen === undefined ? "…" : labelOf(chosen);
  const choose = (close: () => void) => (model: string) => {
    onChange(model);
    close();
  };
  const button = <><span class="model-name">{name}</span><Icon name="down" /></>;
  return (
    <Popover label={`Model: ${name}`} button={button} className="model-button">
      {(close) => (
        <div class="models" role="group" aria-label="Models">
          <p class="menu-title">Model</p>
          {models.value?.providers.map((provider) => (
            <ProviderModels key={provider.provider} provider={provider} chosen={chosen} onChoose={choose(close)} />
          ))}
          <OtherModel onChoose={choose(close)} />
          <button type="button" class="link" onClick={() => void loadModels().catch(showError)}>Refresh</button>
        </div>
      )}
    </Popover>
  );
}

interface ProviderProps {
  provider: Provider;
  chosen: string | undefined;
  onChoose: (model: string) => void;
}

function ProviderModels({ provider: { provider, healthy, problem, models: offered }, chosen, onChoose }: ProviderProps) {
  return (
    <div class="provider">
      <p class="provider-name">
        <span class={healthy ? "dot good" : "dot bad"} aria-hidden="true" />
        {NAMES[provider] ?? provider}
        <span class="visually-hidden">{healthy ? ", available" : ", not available"}</span>
      </p>
      {problem !== null && <p class="hint">{problem}</p>}
      {offered.map(({ id, label }) => (
        <button key={id} type="button" class="choice" aria-pressed={id === chosen} disabled={!healthy} onClick={() => onChoose(id)}>
          {label}
        </button>
      ))}
    </div>
  );
}

const NAMES: Record<string, string> = { builtin: "Built-in", ollama: "Ollama", openai: "OpenAI-compatible", anthropic: "Anthropic" };

/** A provider with models of its own: the built-in answerer has only those that it lists. */
const TAKES_NAMES = (provider: Provider) => provider.provider !== "builtin";

/** Lists of models are not always whole: a name that stands in none can be typed. */
function OtherModel({ onChoose }: { onChoose: (model: string) => void }) {
  const providers = (models.value?.providers ?? []).filter(TAKES_NAMES).map(({ provider }) => provider);
  const [provider, setProvider] = useState("");
  const [name, setName] = useState("");
  if (providers.length === 0) return null;
  const choose = (event: Event) => {
    event.preventDefault();
    if (name.trim() !== "") onChoose(`${provider || providers[0]}/${name.trim()}`);
  };
  return (
    <form class="other-model" onSubmit={choose}>
      {providers.length > 1 && (
        <select aria-label="Provider of another model" value={provider || providers[0]} onChange={(event) => setProvider(event.currentTarget.value)}>
          {providers.map((one) => <option key={one} value={one}>{NAMES[one] ?? one}</option>)}
        </select>
      )}
      <input
        aria-label="Name of another model"
        placeholder="Another model’s name"
        maxLength={180}
        pattern="\S+"
        title="The provider’s name for the model, without spaces"
        value={name}
        onInput={(event) => setName(event.currentTarget.value)}
      />
      <button type="submit" class="button quiet small" disabled={name.trim() === ""}>Use</button>
    </form>
  );
}
