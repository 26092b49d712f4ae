/** Line icons on a 20 px grid, drawn for this client. */
const PATHS = {
  add: "M10 4v12M4 10h12",
  back: "M12 4l-6 6 6 6",
  forward: "M8 4l6 6-6 6",
  bell: "M5 14V9a5 5 0 0 1 10 0v5l1.5 1.5h-13zM8.5 17.5h3",
  calendar: "M4 5h12v11.500H4zM4 8.500h12M7 3v3.500M13 3v3.500",
  chat: "M3.5 5.5a2 2 0 0 1 2-2h9a2 2 0 0 1 2 2v6a2 2 0 0 1-2 2H9l-4 3v-3a1.5 1.5 0 0 1-1.5-1.5z",
  check: "M4 10.5l4 4 8-9",
  close: "M5 5l10 10M15 5L5 15",
  copy: "M7 7h9v9H7zM13 7V4H4v9h3",
  dots: "M4 10a.5.5 0 1 0 1 0a.5.5 0 1 0-1 0M9.500 10a.5.5 0 1 0 1 0a.5.5 0 1 0-1 0M15 10a.5.5 0 1 0 1 0a.5.5 0 1 0-1 0",
  down: "M5 8l5 5 5-5",
  download: "M10 3v10M6 9.5l4 4 4-4M4 17h12",
  edit: "M4 16l.8-3.6L13.5 3.7l2.8 2.8-8.7 8.7z",
  file: "M5 2.5h6.5L15.5 6.5v11h-10.5zM11 2.5v4.5h4.5",
  list: "M7 5.500h9M7 10h9M7 14.500h9M3.500 5.500h.01M3.500 10h.01M3.500 14.500h.01",
  link: "M8.5 11.5a3 3 0 0 0 4.2 0l2.6-2.6a3 3 0 0 0-4.2-4.2l-.8.8M11.5 8.500a3 3 0 0 0-4.2 0l-2.600 2.600a3 3 0 0 0 4.200 4.200l.800-.800",
  people: "M7.500 9.500a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM2 16.500c0-3 2.500-4.500 5.500-4.500s5.500 1.500 5.500 4.500M13 4a3 3 0 0 1 0 5.300M15 12.500c2 .5 3 2 3 4",
  redo: "M15.500 8.500A6 6 0 1 0 16 11M16 4v4.500h-4.500",
  search: "M8.5 14.5a6 6 0 1 0 0-12 6 6 0 0 0 0 12zM13 13l4.5 4.5",
  send: "M10 16V4M5 9l5-5 5 5",
  stop: "M6 6h8v8H6z",
  theme: "M10 3a7 7 0 1 0 0 14zM10 3a7 7 0 0 1 0 14",
  trash: "M4 6h12M8 6V4h4v2M6 6l.8 10.500h6.400L14 6",
  up: "M5 12l5-5 5 5",
  upload: "M10 14V4M6 7.500L10 3.500l4 4M4 17h12",
  warn: "M10 3.500l7.500 13h-15zM10 8.500v3.500M10 14.500h.01",
  book: "M4 4.500A1.500 1.500 0 0 1 5.500 3H16v12H5.500A1.500 1.500 0 0 0 4 16.500zM4 16.500A1.500 1.500 0 0 0 5.500 18H16v-3",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 20 20" width="20" height="20" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}
