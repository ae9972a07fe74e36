// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/checks/report.h"

namespace caisson::checks {
namespace {

void count(const Report& report, Counts& sum) {
    for (const auto& verdict : report.verdicts) {
        sum.run += verdict.outcome == Outcome::skipped ? 0 : 1;
        sum.holds += verdict.outcome == Outcome::holds ? 1 : 0;
        sum.fails += verdict.outcome == Outcome::fails ? 1 : 0;
        sum.cannot_run += verdict.outcome == Outcome::cannot_run ? 1 : 0;
        sum.skipped += verdict.outcome == Outcome::skipped ? 1 : 0;
        sum.grave += verdict.is_grave() ? 1 : 0;
    }
}

}  // namespace

std::string_view to_text(Outcome outcome) {
    switch (outcome) {
        case Outcome::holds:
            return "holds";
        case Outcome::fails:
            return "fails";
        case Outcome::cannot_run:
            return "cannot_run";
        case Outcome::skipped:
            return "skipped";
    }
    return "";
}

Counts Report::counts() const {
    Counts sum;
    count(*this, sum);
    return sum;
}

Counts counts(const std::vector<Report>& reports) {
    Counts sum;
    for (const auto& report : reports) {
        count(report, sum);
    }
    return sum;
}

bool holds(const std::vector<Report>& reports) { return counts(reports).grave == 0; }

}  // namespace caisson::checks
