import assert from "node:assert/strict";
import { test } from "node:test";
import { address_of, websocket_address_of } from "../src/lib/address";

test("addresses are relative to the page", () => {
  assert.equal(address_of("/api/sites?x=1", "http://a:8010/").href, "http://a:8010/api/sites?x=1");
  assert.equal(address_of("/api/sites", "https://a/gensets/?kiosk=1#/site/1").href, "https://a/gensets/api/sites");
  assert.equal(address_of("/api/sites", "https://a/gensets/index.html").href, "https://a/gensets/api/sites");
});

test("the WebSocket is encrypted if the page is", () => {
  assert.equal(websocket_address_of("/ws/metrics?proto=2", "http://a:8010/#/").href, "ws://a:8010/ws/metrics?proto=2");
  assert.equal(websocket_address_of("/ws/metrics?proto=2", "https://a/gensets/").href, "wss://a/gensets/ws/metrics?proto=2");
});
