// Base C on MongoDB: owner (migrations, loading) and reader (the engine).
// mongosh "mongodb://admin@host/admin" mongodb_base_c.js    (asks for the passwords)
const users = [
  { user: "escore_dono_c", roles: [{ role: "readWrite", db: "base_c" }, { role: "dbAdmin", db: "base_c" }] },
  { user: "escore_leitor_c", roles: [{ role: "read", db: "base_c" }] },
];
const admin = db.getSiblingDB("admin");
for (const { user, roles } of users) {
  admin.createUser({ user, pwd: passwordPrompt(), roles });
}

// The log of slow operations quotes their filters, and with them CPFs, which belong in no log (LGPD art. 46).
// This lasts until the server restarts: set operationProfiling.slowOpThresholdMs in its configuration too.
db.getSiblingDB("base_c").setProfilingLevel(0, { slowms: 2147483647 });
