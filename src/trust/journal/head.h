// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/signing.h"

namespace caisson::journal {

/// How far a journal was at a moment, kept outside the database: who has one sees when entries were
/// changed or cut off since.
struct Head {
    std::string database;  ///< The uuid of caisson.identity.
    std::int64_t epoch = 0;
    std::int64_t sequence = 0;
    std::string hash;
    std::string at;
    std::string key;        ///< The name of the key that signed it; empty for nobody.
    std::string signature;  ///< Over head_message().

    bool operator==(const Head&) const = default;
};

/// The bytes that are signed: netstrings of `caisson-journal-head-1`, database, epoch, sequence and
/// hash.
std::string head_message(const Head& head);
/// The same head with key and signature.
Head sign(Head head, const SigningKey& key);

std::string to_line(const Head& head);
/// The heads of a text, one JSON object a line. Lines that are none are told in `mistakes`, such as
/// "line 3: …".
std::vector<Head> parse_heads(std::string_view text, std::vector<std::string>& mistakes);

}  // namespace caisson::journal
