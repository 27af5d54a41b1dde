// Where the daemon is. The page may be served below a sub-path of a reverse proxy, so every address is relative to
// the page: "/api/sites" of a page at https://example.org/gensets/ is https://example.org/gensets/api/sites.
export function address_of(path: string, page: string = document.baseURI): URL {
  return new URL(`.${path}`, page);
}

export function websocket_address_of(path: string, page: string = document.baseURI): URL {
  const address = address_of(path, page);
  address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
  return address;
}
