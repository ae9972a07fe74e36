// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "lifecycle/lint/finding.h"

namespace caisson::lint {

struct Counts {
    std::size_t errors = 0;
    std::size_t warnings = 0;
};
Counts counts(const std::vector<Finding>& findings);

/// For people: a finding, why it matters, what to do instead; then the sum over `files` files.
/// `colour` paints a text (`red`, `yellow`, `dim`, `bold`).
struct Paint {
    bool colours = false;
    std::string operator()(std::string_view code, std::string_view text) const;
};
std::string to_text(const std::vector<Finding>& findings, std::size_t files, Paint paint);
/// One JSON document; described in docs/reference/lint.md.
std::string to_json(const std::vector<Finding>& findings, std::size_t files);
/// Source: OASIS, SARIF 2.1.0. `version` is that of Caisson.
std::string to_sarif(const std::vector<Finding>& findings, std::string_view version);
/// A line a finding, which GitHub shows beside the line of the file.
/// Source: GitHub, "Workflow commands for GitHub Actions".
std::string to_github(const std::vector<Finding>& findings);

}  // namespace caisson::lint
