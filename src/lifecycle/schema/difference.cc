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

bool has_parts(std::string_view kind) { return kind == "table" || kind == "schema"; }

bool is_part(std::string_view kind) {
    return kind == "column" || kind == "constraint" || kind == "index" || kind == "trigger" ||
           kind == "policy" || kind == "sequence" || kind == "table";
}

/// Whether the object's table or schema is itself missing or unexpected: `public.users.email`
/// below `public.users`. An index carries its table before the last dot as well.
bool goes_with(const Difference& difference, const std::set<std::string>& whole) {
    if (!is_part(difference.kind)) {
        return false;
    }
    for (auto dot = difference.name.find('.'); dot != std::string::npos;
         dot = difference.name.find('.', dot + 1)) {
        if (whole.contains(difference.name.substr(0, dot))) {
            return true;
        }
    }
    return false;
}

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
    std::set<std::string> missing;
    std::set<std::string> unexpected;
    for (const auto& difference : all) {
        if (has_parts(difference.kind) && difference.change != Change::changed) {
            (difference.change == Change::missing ? missing : unexpected).insert(difference.name);
        }
    }
    std::erase_if(all, [&](const Difference& difference) {
        return (difference.change == Change::missing && goes_with(difference, missing)) ||
               (difference.change == Change::unexpected && goes_with(difference, unexpected));
    });
    return all;
}

std::string_view to_text(Change change) {
    return change == Change::missing      ? "missing"
           : change == Change::unexpected ? "unexpected"
                                          : "changed";
}

}  // namespace caisson::schema
