// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/schema/difference.h"

#include <algorithm>
#include <set>
#include <tuple>

namespace caisson::schema {
namespace {

bool comes_before(const Object& a, const Object& b) {
    return std::tie(a.kind, a.name) < std::tie(b.kind, b.name);
}

bool has_parts(std::string_view kind) {
    return kind == "table" || kind == "schema" || kind == "view" || kind == "materialized view" ||
           kind == "domain" || kind == "sequence";
}

/// The key of what a comment, an owner or a grant is about.
std::string subject(const Difference& difference) {
    return difference.kind == "grant" ? difference.name.substr(0, difference.name.rfind(" to "))
                                      : difference.name;
}

bool is_about_another(std::string_view kind) {
    return kind == "comment" || kind == "owner" || kind == "grant";
}

/// What is missing, or what is unexpected.
struct Whole {
    std::set<std::string> names;  ///< Of those that have parts.
    std::set<std::string> keys;   ///< Of all.

    /// Whether the table or schema of a part is here: `public.users.email` below `public.users`.
    /// Properties of a table have its own name.
    bool has_around(const std::string& kind, const std::string& name) const {
        if (!has_parts(kind) && names.contains(name)) {
            return true;
        }
        for (auto dot = name.find('.'); dot != std::string::npos; dot = name.find('.', dot + 1)) {
            if (names.contains(name.substr(0, dot))) {
                return true;
            }
        }
        return false;
    }

    bool explains(const Difference& difference) const {
        if (!is_about_another(difference.kind)) {
            return has_around(difference.kind, difference.name);
        }
        const auto key = subject(difference);
        if (keys.contains(key)) {
            return true;
        }
        const auto start = key.find_first_of("\".(");
        const auto space = key.rfind(' ', start);
        return space != std::string::npos &&
               has_around(key.substr(0, space), key.substr(space + 1));
    }
};

}  // namespace

std::vector<Difference> diff(const Snapshot& expected, const Snapshot& found) {
    std::vector<Difference> all;
    auto e = expected.objects.begin();
    auto f = found.objects.begin();
    while (e != expected.objects.end() || f != found.objects.end()) {
        if (f == found.objects.end() || (e != expected.objects.end() && comes_before(*e, *f))) {
            all.push_back({e->kind, e->name, Change::missing, e->definition, ""});
            ++e;
        } else if (e == expected.objects.end() || comes_before(*f, *e)) {
            all.push_back({f->kind, f->name, Change::unexpected, "", f->definition});
            ++f;
        } else {
            if (e->definition != f->definition) {
                all.push_back({e->kind, e->name, Change::changed, e->definition, f->definition});
            }
            ++e;
            ++f;
        }
    }
    Whole missing;
    Whole unexpected;
    for (const auto& difference : all) {
        if (difference.change == Change::changed) {
            continue;
        }
        auto& whole = difference.change == Change::missing ? missing : unexpected;
        whole.keys.insert(difference.kind + ' ' + difference.name);
        if (has_parts(difference.kind)) {
            whole.names.insert(difference.name);
        }
    }
    std::erase_if(all, [&](const Difference& difference) {
        return (difference.change == Change::missing && missing.explains(difference)) ||
               (difference.change == Change::unexpected && unexpected.explains(difference));
    });
    return all;
}

std::string_view to_text(Change change) {
    return change == Change::missing      ? "missing"
           : change == Change::unexpected ? "unexpected"
                                          : "changed";
}

}  // namespace caisson::schema
