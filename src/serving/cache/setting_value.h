// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace caisson::cache {

/// Whether a setting of Redis that CONFIG GET shows as `found` is what was `written` in the
/// manifest: sizes by their bytes (`256mb` is 268435456), words whatever their case, lists whatever
/// blanks are between; of `client-output-buffer-limit` the classes that are written; of
/// `notify-keyspace-events` the set of its letters. Source: redis.conf, "Note on units".
bool has_value(std::string_view name, std::string_view found, std::string_view written);

/// `found` as people write it where `written` has a unit: 268435456 is `256mb`.
std::string shown(std::string_view found, std::string_view written);

}  // namespace caisson::cache
