// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// pgbackrest.conf as a text made of the manifest, and the settings that are known to lose data
/// with the version at hand. Pure. Source: pgBackRest, configuration reference and release notes.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/files.h"
#include "base/secret.h"
#include "platform/backups.h"

namespace caisson::backups::physical {

/// pgBackRest's own version, such as 2.45.
struct Version {
    int major = 0;
    int minor = 0;
    auto operator<=>(const Version&) const = default;
    std::string text() const;
};
/// Of "pgBackRest 2.45". Nothing for another text.
std::optional<Version> parse_version(std::string_view output);
/// The oldest one that does what is asked of it here (annotations, expire-auto).
constexpr Version oldest_version{2, 41};

/// A repository as pgBackRest counts them, from 1.
struct Depot {
    int number = 1;
    std::string name;    ///< The manifest's.
    fs::path path;       ///< Of pgBackRest's own files; within the bucket for an object store.
    std::string bucket;  ///< Empty for a directory.
    std::string endpoint;
    std::string region;
    Secret key;
    Secret secret;
    bool is_directory() const { return bucket.empty(); }
};

/// Where pgBackRest's configuration and its passing files lie.
struct Home {
    fs::path directory;
    fs::path file() const { return directory / "pgbackrest.conf"; }
    fs::path locks() const { return directory / "lock"; }
    fs::path logs() const { return directory / "log"; }
    fs::path spool() const { return directory / "spool"; }
};

/// A cluster under its stanza.
struct Stanza {
    std::string name;
    fs::path data;
    fs::path sockets;
    std::uint16_t port = 5432;
    std::string user;
};

/// The whole text; it holds the passphrase: 0600. Errors: variable_invalid for a passphrase that
/// such a file cannot hold.
std::string configuration_text(const platform::Backups& backups, const Home& home,
                               const std::vector<Depot>& depots,
                               const std::optional<Secret>& passphrase, const Stanza& stanza);

/// A setting that must not be used with this version.
struct Refusal {
    std::string setting;
    std::string reason;
};
/// What of a configuration's text is known to be bad: also of one that is not ours.
std::vector<Refusal> refused_settings(std::string_view text, const Version& version);

}  // namespace caisson::backups::physical
