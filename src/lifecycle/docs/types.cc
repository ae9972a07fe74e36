// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/docs/types.h"

#include <array>
#include <string_view>

namespace caisson::docs {

std::string short_type(std::string type) {
    struct Name {
        std::string_view long_name;
        std::string_view short_name;
    };
    // Source: PostgreSQL, "Data Types", table 8.1.
    constexpr std::array names = {
        Name{"character varying", "varchar"},
        Name{"double precision", "float8"},
        Name{"bit varying", "varbit"},
        Name{"character", "char"},
        Name{"public.", ""},
    };
    for (const auto& name : names) {
        if (type.starts_with(name.long_name)) {
            type.replace(0, name.long_name.size(), name.short_name);
            break;
        }
    }
    // The precision stands in the middle: `timestamp(3) with time zone`.
    for (const std::string_view kind : {"timestamp", "time"}) {
        if (!type.starts_with(kind)) {
            continue;
        }
        for (const auto& [words, mark] :
             {std::pair<std::string_view, std::string_view>{" with time zone", "tz"},
              {" without time zone", ""}}) {
            if (const auto at = type.find(words); at != std::string::npos) {
                type.erase(at, words.size());
                type.insert(kind.size(), mark);
            }
        }
        break;
    }
    return type;
}

}  // namespace caisson::docs
