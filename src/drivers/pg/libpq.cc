// SPDX-License-Identifier: Apache-2.0
#include "drivers/pg/libpq.h"

#include <fmt/format.h>

#include "base/text.h"
#include "drivers/pg/tls.h"
#include "drivers/pg/transact.h"

namespace caisson::pg::libpq {
Owned<pg_conn> start(const Settings& settings, const std::string& address) {
    std::string options;
    for (const auto& [name, value] : settings.session) {
        options += fmt::format("{}-c {}={}", options.empty() ? "" : " ", name,
                               replace_all(replace_all(value, "\\", "\\\\"), " ", "\\ "));
    }
    const std::string port = std::to_string(settings.port);
    std::vector<const char*> keys;
    std::vector<const char*> values;
    const auto add = [&](const char* key, const std::string& value) {
        if (!value.empty()) {
            keys.push_back(key);
            values.push_back(value.c_str());
        }
    };
    add("host", settings.host);
    add("hostaddr", address.empty() ? settings.address : address);
    add("port", port);
    add("dbname", settings.database);
    add("user", settings.user);
    add("password", settings.password.reveal());
    add("passfile", settings.passfile);
    const auto tls = tls_of(settings);
    add("sslmode", tls.mode);
    add("sslrootcert", tls.root);
    add("ssl_min_protocol_version", tls.min_version);
    add("channel_binding", tls.channel_binding);
    add("application_name", settings.application);
    add("options", options);
    const std::string utf8 = "UTF8";
    add("client_encoding", utf8);
    keys.push_back(nullptr);
    values.push_back(nullptr);

    Owned<pg_conn> connection(PQconnectStartParams(keys.data(), values.data(), 0));
    if (!connection) {
        throw Error(Code::internal, "out of memory");
    }
    return connection;
}

std::string first_line(const char* message) {
    const std::string_view text = trim(message ? message : "");
    return std::string(text.substr(0, text.find('\n')));
}

std::string field(const pg_result* result, int code) {
    const char* const text = PQresultErrorField(result, code);
    return text ? text : "";
}

Error broken(const pg_conn* connection, const Settings& settings) {
    const std::string message =
        connection ? first_line(PQerrorMessage(connection)) : "the connection was closed";
    Error error(Code::cannot_connect,
                fmt::format("cannot connect to {}: {}", settings.text(), message),
                tls_hint(message, settings));
    error.with("database", settings.database).with("server", settings.host);
    return error;
}

DatabaseError rejected(const pg_result* result, const Settings& settings) {
    const std::string state = field(result, PG_DIAG_SQLSTATE);
    DatabaseError error(state == sqlstate::disk_full ? Code::disk_full : Code::database_rejected,
                        field(result, PG_DIAG_MESSAGE_PRIMARY),
                        field(result, PG_DIAG_MESSAGE_HINT));
    error.sqlstate = state;
    error.detail = field(result, PG_DIAG_MESSAGE_DETAIL);
    error.schema = field(result, PG_DIAG_SCHEMA_NAME);
    error.table = field(result, PG_DIAG_TABLE_NAME);
    error.column = field(result, PG_DIAG_COLUMN_NAME);
    error.constraint = field(result, PG_DIAG_CONSTRAINT_NAME);
    error.context = field(result, PG_DIAG_CONTEXT);
    if (const auto position = field(result, PG_DIAG_STATEMENT_POSITION); !position.empty()) {
        error.position = std::stoul(position) - 1;
    }
    if (is_outdated(result)) {
        error.with(outdated_fact, "yes");
    }
    error.with("sqlstate", state).with("detail", error.detail).with("database", settings.database);
    return error;
}

bool is_outdated(const pg_result* result) {
    const auto state = field(result, PG_DIAG_SQLSTATE);
    // The message of 0A000 is translated; where it comes from is not.
    return state == "26000" ||
           (state == "0A000" && field(result, PG_DIAG_SOURCE_FUNCTION) == "RevalidateCachedQuery");
}

}  // namespace caisson::pg::libpq
