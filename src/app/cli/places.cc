// SPDX-License-Identifier: Apache-2.0
// Where things are: URLs of databases, the record of a running daemon.
#include <boost/json/parse.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include "app/cli/steps.h"
#include "base/crypto.h"
#include "base/process.h"
#include "drivers/pg/tls.h"
#include "lifecycle/servers/processes.h"

namespace caisson::cli {
namespace {

std::string percent_encoded(std::string_view text) {
    std::string encoded;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        const bool plain = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
                           (byte >= '0' && byte <= '9') || byte == '-' || byte == '_' ||
                           byte == '.' || byte == '/' || byte == '~';
        encoded += plain ? std::string(1, c) : fmt::format("%{:02X}", byte);
    }
    return encoded;
}

}  // namespace

std::string url_of(const pg::Settings& settings) {
    const bool socket = settings.host.rfind('/', 0) == 0;
    const bool ipv6 = settings.host.find(':') != std::string::npos;
    std::string url = fmt::format("postgresql://{}@{}:{}/{}", percent_encoded(settings.user),
                                  socket ? ""
                                  : ipv6 ? "[" + settings.host + "]"
                                         : settings.host,
                                  settings.port, percent_encoded(settings.database));
    std::string separator = "?";
    const auto add = [&](std::string_view key, std::string_view value) {
        if (!value.empty()) {
            url += fmt::format("{}{}={}", separator, key, percent_encoded(value));
            separator = "&";
        }
    };
    add("host", socket ? settings.host : "");
    const auto tls = pg::tls_of(settings);
    add("sslmode", tls.mode);
    add("sslrootcert", tls.root);
    add("ssl_min_protocol_version", tls.min_version);
    add("channel_binding", tls.channel_binding);
    add("passfile", settings.password.empty() ? settings.passfile : "");
    return url;
}

std::string manifest_stamp(const trust::Run& run) {
    std::string text;
    for (const auto& file : {run.manifest.file, run.manifest.directory / ".env"}) {
        std::error_code ignored;
        text += fs::exists(file, ignored) ? read_file(file) : "";
        text += '\0';
    }
    return sha256_hex(text);
}

std::optional<DaemonRecord> read_daemon_record(const trust::Run& run) {
    const auto text = read_own(run.state.daemon_record());
    if (!text) {
        return std::nullopt;
    }
    boost::system::error_code failure;
    const auto value = boost::json::parse(*text, failure);
    if (failure || !value.is_object()) {
        return std::nullopt;
    }
    const auto& object = value.as_object();
    const auto* const process = object.if_contains("process");
    const auto* const address = object.if_contains("address");
    if (!process || !process->is_int64() || !address || !address->is_string()) {
        return std::nullopt;
    }
    DaemonRecord record;
    record.process = static_cast<pid_t>(process->as_int64());
    record.address = address->as_string().c_str();
    const auto* const manifest = object.if_contains("manifest");
    record.manifest = manifest && manifest->is_string() ? manifest->as_string().c_str() : "";
    const auto* const background = object.if_contains("background");
    record.is_in_background = background && background->is_bool() && background->as_bool();
    // A process id is used again one day, and the file may be written by the servers' account: only
    // the process that wrote it, and of that account, is our daemon.
    const auto owner = run.account ? run.account->user : ::geteuid();
    const auto* const began = object.if_contains("began");
    const bool is_the_one =
        began && began->is_int64()
            ? began->get_int64() == static_cast<std::int64_t>(servers::beginning_of(record.process))
            // A daemon of a version before did not write when it began.
            : process_name(record.process) == process_name(::getpid());
    if (!is_alive(record.process) || !is_the_one || process_owner(record.process) != owner) {
        return std::nullopt;
    }
    return record;
}

}  // namespace caisson::cli
