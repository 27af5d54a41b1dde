// Addresses of the daemon. A reverse proxy may serve the page below a sub-path, so every address is relative to the page:
// "/api/sites" of a page at https://example.org/gensets/ is https://example.org/gensets/api/sites.
export function address_of(path: string, page: string = document.baseURI): URL {
  return new URL(`.${path}`, page);
}

export function websocket_address_of(path: string, page: string = document.baseURI): URL {
  const address = address_of(path, page);
  address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
  return address;
}
