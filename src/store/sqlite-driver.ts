export type DriverName = "node:sqlite" | "@photostructure/sqlite";
