// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// What the readers of sections share: the document, the manifest that grows, the mistakes found. A
/// reader is called on a document that has passed check_shape(), so kinds need no second look.

#include <string>
#include <string_view>
#include <vector>

#include "platform/document.h"

namespace caisson::platform {

/// `${NAME}` somewhere in a text.
struct Reference {
    std::string name;
    Place place;
};

struct Reading {
    const Node& document;  ///< Checked: known settings of their kinds only.
    const Node& written;   ///< As it was written, mistakes included: what exists, so that one
                           ///< mistake gives no second.
    fs::path directory;
    Manifest& manifest;
    std::vector<Mistake>& mistakes;
    std::vector<Reference> references{};

    void mistake(const Place& place, std::string message, std::string remedy = {}) {
        mistakes.push_back({place, std::move(message), std::move(remedy)});
    }
};

/// The members of the top-level section `name`; none when it is not there.
const std::vector<Member>& members_of(const Node& node, std::string_view name);
std::vector<std::string> keys_of(const Node& node, std::string_view name);

/// The scalar's text, or the fallback when the section does not have it.
std::string text_of(const Node& section, std::string_view key, const std::string& fallback = {});
bool boolean_of(const Node& section, std::string_view key, bool fallback);
/// The scalar's text; notes the variables that it refers to. A `${` that names none is a mistake.
std::string referring_text(Reading& reading, const Node& section, std::string_view key);
/// The texts of a list; of one string, itself.
std::vector<std::string> texts_of(const Node& section, std::string_view key);

/// The built-in roles' suffixes.
const std::vector<std::string>& built_in_roles();

// One a section, in the order in which parse() calls them: later ones look at what earlier ones
// have read.
void read_databases(Reading& reading);
void read_server(Reading& reading);
void read_roles(Reading& reading);
void read_environments(Reading& reading);
void read_backups(Reading& reading);
void read_alerts(Reading& reading);
void read_monitor(Reading& reading);
void read_variables(Reading& reading);
void read_seeds(Reading& reading);
void read_cache_keys(Reading& reading);
void read_features_and_api(Reading& reading);
void read_migrations(Reading& reading);
void read_isolation(Reading& reading);
void read_generate(Reading& reading);

}  // namespace caisson::platform
