// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/servers/configuration.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "base/files.h"
#include "base/text.h"

namespace caisson::servers {
namespace {

/// A string constant of postgresql.conf.
std::string constant(std::string_view value) {
    std::string text = "'";
    for (const char byte : value) {
        if (byte == '\'' || byte == '\\') {
            text += byte;
        }
        if (byte == '\n') {
            text += "\\n";
        } else {
            text += byte;
        }
    }
    return text + "'";
}

/// An element of a list such as unix_socket_directories, which commas and blanks would end.
std::string list_element(const std::string& value) {
    return "\"" + replace_all(value, "\"", "\"\"") + "\"";
}

/// What is needed later is loaded now, because only a restart could add it; what the manifest
/// wants besides comes after it.
std::string preloaded(const trust::Run& run, const PostgresPrograms& programs) {
    std::vector<std::string> libraries;
    for (const std::string name : {"pg_stat_statements", "auto_explain"}) {
        if (programs.has_library(name)) {
            libraries.push_back(name);
        }
    }
    const auto& settings = run.manifest.server.postgres;
    if (const auto wanted = settings.find("shared_preload_libraries"); wanted != settings.end()) {
        for (const auto& part : split(wanted->second, ',')) {
            const std::string name(trim(part));
            if (!name.empty() && !std::ranges::count(libraries, name)) {
                libraries.push_back(name);
            }
        }
    }
    return join(libraries, ",");
}

/// A word of redis.conf; quoted, with escapes, when it could be taken for something else.
std::string redis_word(std::string_view value) {
    constexpr std::string_view plain =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._:/@%+-,*~^$()[]{}=|&";
    if (!value.empty() && value.find_first_not_of(plain) == std::string_view::npos) {
        return std::string(value);
    }
    std::string text = "\"";
    for (const char byte : value) {
        if (byte == '"' || byte == '\\') {
            text += '\\';
            text += byte;
        } else if (static_cast<unsigned char>(byte) < 0x20) {
            text += fmt::format("\\x{:02x}", static_cast<unsigned>(byte));
        } else {
            text += byte;
        }
    }
    return text + "\"";
}

}  // namespace

std::vector<std::string> loopback_addresses() {
    std::vector<std::string> addresses{"127.0.0.1"};
    constexpr std::string_view loopback = "00000000000000000000000000000001 ";
    if (read_if_exists("/proc/net/if_inet6").value_or("").find(loopback) != std::string::npos) {
        addresses.emplace_back("::1");
    }
    return addresses;
}

std::string postgres_configuration(const trust::Run& run, const PostgresPrograms& programs) {
    const auto& server = run.manifest.server;
    const fs::path tls = run.state.postgres_data().parent_path();
    std::string text =
        "# Written by Caisson from caisson.toml and overwritten when that changes: settings belong "
        "into [server.postgres].\n";
    const auto set = [&](const std::string& name, const std::string& value) {
        text += fmt::format("{} = {}\n", name, constant(value));
    };
    set("listen_addresses", server.postgres_port ? join(loopback_addresses(), ",") : "");
    set("port", std::to_string(run.postgres_port()));
    set("unix_socket_directories", list_element(run.state.sockets));
    set("unix_socket_permissions", "0700");
    set("ssl", "on");
    set("ssl_cert_file", tls / "server.crt");
    set("ssl_key_file", tls / "server.key");
    set("ssl_min_protocol_version", "TLSv1.3");
    set("password_encryption", "scram-sha-256");
    set("cluster_name", run.manifest.name);
    set("wal_level", "logical");
    set("archive_mode", "on");
    // Log of before the first physical backup leads to no restore: it is let go, or it would fill
    // the disk. That backup names a command of its own first.
    set("archive_command", "/bin/true");
    text += "include_if_exists = 'caisson-archive.conf'\n";
    // After a crash PostgreSQL flushes all of its files, one by one by default: seconds.
    set("recovery_init_sync_method", "syncfs");
    // Else times of reading and writing are shown as zero; a clock is read in 20 ns where we run.
    set("track_io_timing", "on");
    set("track_wal_io_timing", "on");
    set("timezone", "UTC");
    set("log_timezone", "UTC");
    set("lc_messages", "C");
    set("logging_collector", "off");
    set("log_destination", "stderr");
    set("log_line_prefix", "%m [%p] %q%u@%d ");
    for (const auto& [name, value] : server.postgres) {
        if (lower(name) != "shared_preload_libraries") {
            set(name, value);
        }
    }
    set("shared_preload_libraries", preloaded(run, programs));
    return text;
}

std::string access_rules() {
    std::string text =
        "# Written by Caisson and overwritten. Passwords are proven by SCRAM, never sent.\n"
        "local all all scram-sha-256\n"
        "local replication all scram-sha-256\n";
    for (const std::string address : {"127.0.0.1/32", "::1/128"}) {
        for (const std::string database : {"all", "replication"}) {
            text += fmt::format("hostssl {} all {} scram-sha-256\n", database, address);
        }
    }
    return text;
}

std::string redis_configuration(const trust::Run& run, const Secret& password) {
    const auto& server = run.manifest.server;
    std::string text =
        "# Written by Caisson from caisson.toml and overwritten: settings belong into "
        "[server.redis].\n";
    const auto set = [&](const std::string& name, const std::string& value) {
        text += fmt::format("{} {}\n", name, redis_word(value));
    };
    set("port", std::to_string(server.redis_port.value_or(0)));
    set("bind", "127.0.0.1");
    set("protected-mode", "yes");
    set("unixsocket", run.state.redis_socket());
    set("unixsocketperm", "700");
    set("requirepass", password.reveal());
    set("dir", run.state.redis_directory());
    set("daemonize", "no");
    set("logfile", "");
    set("appendonly", "yes");
    // A backup asks for a snapshot as a replica does, and no other replica is waited for.
    set("repl-diskless-sync-delay", "0");
    set("appendfsync", "everysec");
    set("aof-load-truncated", "yes");
    for (const auto& [name, value] : server.redis) {
        // Several words, as of `save 900 1 300 10`, are several arguments.
        text += name;
        for (const auto& word : value.empty() ? std::vector<std::string>{""} : split(value, ' ')) {
            text += word.empty() && !value.empty() ? "" : " " + redis_word(word);
        }
        text += "\n";
    }
    return text;
}

}  // namespace caisson::servers
