// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// What a drill proved: signed, and kept beside the sets. A backup without one is unproven.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "operations/backups/sets/repository.h"

namespace caisson::backups {

/// One thing that was tried.
struct Trial {
    std::string name;  ///< `restore`, `contents`, `pages`, `checks`, `marker`, …
    bool passed = false;
    std::string detail;  ///< A sentence; of a failed one, what was found instead.
    double seconds = 0;

    bool operator==(const Trial&) const = default;
};

struct Receipt {
    static constexpr int newest_format = 1;

    std::string set;
    std::string manifest_sha256;  ///< Of the set's manifest: another one has no receipt.
    std::string repository;       ///< That it was restored from.
    bool is_small = false;        ///< Not every page was read.
    std::string started;          ///< RFC 3339.
    std::string finished;
    std::string target;          ///< The moment restored to; empty: the set's own.
    std::string marker;          ///< The newest heartbeat found there; empty where there is none.
    double restore_seconds = 0;  ///< From nothing to answering: the recovery time.
    double lost_seconds = 0;     ///< From the marker to the target: the recovery point.
    std::uint64_t bytes = 0;     ///< Restored.
    std::vector<Trial> trials;
    std::string server_version;
    std::string program;  ///< Caisson's version.
    /// Of physical sets, whose restore is a copy and a replay; 0 in older receipts.
    double copy_seconds = 0;
    double replay_seconds = 0;
    std::uint64_t segments = 0;  ///< Replayed.

    bool operator==(const Receipt&) const = default;
    bool passed() const;
};

std::string to_json(const Receipt& receipt);
/// Nothing for what is none.
std::optional<Receipt> parse_receipt(std::string_view json);

/// Keeps it, signed where there is a key. Its file.
fs::path keep_receipt(const Repository& repository, const Receipt& receipt,
                      const std::optional<SigningKey>& key);

struct KeptReceipt {
    Receipt receipt;
    bool is_signed = false;  ///< By one of the keys given.
};
/// All that can be read, oldest first.
std::vector<KeptReceipt> receipts_of(const Repository& repository,
                                     const std::vector<std::string>& public_keys);
/// Of each set of this repository whose manifest is still the one that was proven, the newest
/// passed receipt, a full drill's before a small one's. A drill proves the copy that it read, and
/// no other.
std::map<std::string, KeptReceipt> proofs_of(const Repository& repository,
                                             const std::vector<Found>& sets,
                                             const std::vector<std::string>& public_keys);

}  // namespace caisson::backups
