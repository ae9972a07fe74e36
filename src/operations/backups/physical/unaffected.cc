// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <fmt/format.h>

#include "operations/backups/physical/moments.h"
#include "operations/backups/physical/restore.h"

namespace caisson::backups::physical {
namespace {

/// Where a moment can be reached.
struct Way {
    std::string moment;
    std::string base;
    std::string repository;

    std::string text() const {
        return fmt::format("from {} in {}: caisson backup restore --time {} --repository {}", base,
                           repository, moment, repository);
    }
};

/// The last set of the stretch that was whole by then.
std::string base_of(const Stretch& stretch, const std::vector<Found>& sets,
                    const std::string& moment) {
    const auto by = parse_moment(moment);
    std::string base = stretch.window.base;
    for (const auto& id : stretch.window.bases) {
        const auto found =
            std::ranges::find(sets, id, [](const Found& each) { return each.set.id; });
        if (found != sets.end() && by && parse_moment(found->set.finished) <= by) {
            base = id;
        }
    }
    return base;
}

}  // namespace

std::string unaffected(const trust::Run& run, const Unusable& unusable, const std::string& moment) {
    const auto wanted = parse_moment(moment);
    const auto repositories = repositories_of(run);
    std::optional<Way> before;
    std::optional<Way> after;
    for (const auto& coverage : continuity(run, unusable)) {
        const auto place = std::ranges::find(repositories, coverage.repository, &Repository::name);
        if (!coverage.problem.empty() || place == repositories.end()) {
            continue;
        }
        const auto sets = place->sets();
        for (const auto& stretch : coverage.stretches) {
            const auto from = parse_moment(stretch.from);
            const auto to = parse_moment(stretch.to);
            if (wanted && from && to && *from <= *wanted && *wanted <= *to) {
                return "the same moment is reached " +
                       Way{moment, base_of(stretch, sets, moment), coverage.repository}.text();
            }
            if ((!wanted || to < wanted) && (!before || before->moment < stretch.to)) {
                before = Way{stretch.to, base_of(stretch, sets, stretch.to), coverage.repository};
            }
            if (wanted && from > wanted && (!after || stretch.from < after->moment)) {
                after = Way{stretch.from, stretch.window.base, coverage.repository};
            }
        }
    }
    if (before) {
        return fmt::format("the newest unaffected moment{} is {}, {}", wanted ? " before it" : "",
                           before->moment, before->text());
    }
    return after ? fmt::format("no moment before it is left; the next one is {}, {}", after->moment,
                               after->text())
                 : "no other physical backup that is here leads to any moment";
}

}  // namespace caisson::backups::physical
