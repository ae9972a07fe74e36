// SPDX-License-Identifier: Apache-2.0
#include "operations/backups/physical/configuration.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"

namespace caisson::backups::physical {
namespace {

/// Kept for ever as far as pgBackRest is concerned: what goes, and when, is decided by tiers, holds
/// and proofs, of which it knows nothing.
constexpr std::string_view for_ever = "9999999";

/// Values end with their line, and blanks around them are cut off.
std::string line_value(std::string_view name, const std::string& value) {
    if (value.empty() || value != trim(value) ||
        value.find_first_of(std::string_view("\n\r\0", 3)) != std::string::npos) {
        throw Error(Code::variable_invalid,
                    fmt::format("{} is empty, begins or ends with a blank, or has several lines: "
                                "pgBackRest's configuration cannot hold it",
                                name));
    }
    return value;
}

void add_depot(std::string& text, const Depot& depot, const std::optional<Secret>& passphrase) {
    const auto set = [&](std::string_view name, const std::string& value) {
        text += fmt::format("repo{}-{}={}\n", depot.number, name, line_value(name, value));
    };
    set("path", depot.path);
    if (!depot.is_directory()) {
        set("type", "s3");
        set("s3-bucket", depot.bucket);
        set("s3-endpoint", depot.endpoint);
        set("s3-region", depot.region);
        set("s3-key", depot.key.reveal());
        set("s3-key-secret", depot.secret.reveal());
    }
    if (passphrase) {
        set("cipher-type", "aes-256-cbc");
        set("cipher-pass", passphrase->reveal());
    }
    set("bundle", "y");
    set("retention-full-type", "count");
    set("retention-full", std::string(for_ever));
}

struct Setting {
    std::string section;
    std::string name;  ///< Without the number of its repository.
    std::string value;
};

std::vector<Setting> settings_of(std::string_view text) {
    std::vector<Setting> settings;
    std::string section;
    for (const auto& raw : split(text, '\n')) {
        const auto line = trim(raw);
        if (line.empty() || line.front() == '#') {
            continue;
        }
        if (line.front() == '[') {
            section = line.substr(1, line.find(']') - 1);
            continue;
        }
        const auto equals = line.find('=');
        std::string name(trim(line.substr(0, equals)));
        if (name.starts_with("repo")) {
            std::erase_if(name, [](char each) { return each >= '0' && each <= '9'; });
        }
        settings.push_back({section, name,
                            equals == std::string_view::npos
                                ? std::string()
                                : std::string(trim(line.substr(equals + 1)))});
    }
    return settings;
}

bool is_yes(const std::string& value) { return value == "y" || value == "yes"; }

std::string reason_against(const Setting& setting, const Version& version) {
    if (setting.name == "archive-push-queue-max") {
        return "a queue that is full drops segments and tells PostgreSQL that they were archived";
    }
    if (setting.name == "repo-block" && is_yes(setting.value) && version < Version{2, 50}) {
        return "block-incremental backups are a beta until 2.46, and their restores were mended "
               "until 2.50";
    }
    const bool is_for_push = setting.section.ends_with(":archive-push");
    if (setting.name == "archive-async" && is_yes(setting.value) && !is_for_push &&
        version < Version{2, 59}) {
        return "asynchronous archive-get fails across timelines before 2.59; set it for "
               "archive-push alone";
    }
    if (setting.name == "repo-retention-full-type" && setting.value == "time") {
        return version < Version{2, 47}
                   ? "expiry by time keeps segments for ever when no backup expires, before 2.47"
                   : "what is removed is decided by the tiers of the manifest";
    }
    if (setting.name.starts_with("repo-retention-") && setting.name != "repo-retention-full-type" &&
        !setting.name.ends_with("-type") && setting.value != for_ever) {
        return "what is removed is decided by the tiers of the manifest, by holds and by proofs";
    }
    if (setting.name == "expire-auto" && is_yes(setting.value)) {
        return "expiry after a backup may remove one that another host is making, before 2.59";
    }
    if (setting.name == "archive-check" && setting.value == "n") {
        return "a backup whose segments are not known to be archived cannot be restored";
    }
    if (setting.name == "checksum-page" && setting.value == "n") {
        return "pages that are damaged already would be kept as a good backup";
    }
    return {};
}

}  // namespace

std::string Version::text() const { return fmt::format("{}.{}", major, minor); }

std::optional<Version> parse_version(std::string_view output) {
    constexpr std::string_view name = "pgBackRest ";
    if (!output.starts_with(name)) {
        return std::nullopt;
    }
    output.remove_prefix(name.size());
    Version version;
    const auto* const end = output.data() + output.size();
    const auto first = std::from_chars(output.data(), end, version.major);
    if (first.ec != std::errc() || first.ptr == end || *first.ptr != '.' ||
        std::from_chars(first.ptr + 1, end, version.minor).ec != std::errc()) {
        return std::nullopt;
    }
    return version;
}

std::string configuration_text(const platform::Backups& backups, const Home& home,
                               const std::vector<Depot>& depots,
                               const std::optional<Secret>& passphrase, const Stanza& stanza) {
    std::string text =
        "# Written by Caisson from caisson.toml and overwritten: settings belong into [backups].\n"
        "[global]\n";
    for (const auto& depot : depots) {
        add_depot(text, depot, passphrase);
    }
    text += fmt::format(
        "lock-path={}\nlog-path={}\nspool-path={}\nlog-level-file=warn\ncompress-type=zst\n"
        "compress-level={}\nprocess-max={}\nstart-fast=y\nresume=n\nexpire-auto=n\n"
        "archive-timeout=60\n\n[global:archive-push]\narchive-async=y\n\n[{}]\npg1-path={}\n"
        "pg1-socket-path={}\npg1-port={}\npg1-user={}\n",
        line_value("lock-path", home.locks()), home.logs().string(), home.spool().string(),
        backups.level, backups.processes, stanza.name, line_value("pg1-path", stanza.data),
        line_value("pg1-socket-path", stanza.sockets), stanza.port,
        line_value("pg1-user", stanza.user));
    return text;
}

std::vector<Refusal> refused_settings(std::string_view text, const Version& version) {
    std::vector<Refusal> refused;
    for (const auto& setting : settings_of(text)) {
        if (auto reason = reason_against(setting, version); !reason.empty()) {
            refused.push_back({setting.name, std::move(reason)});
        }
    }
    return refused;
}

}  // namespace caisson::backups::physical
