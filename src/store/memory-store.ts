import type { AlertStore } from "./alert-store.ts";

export declare function createMemoryStore(): AlertStore;
