// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The completion report (LUM-9) as a value, and how it is written. Pure but for the path of the
/// last run.

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include <boost/json/object.hpp>

#include "lifecycle/checks/checks.h"
#include "trust/session.h"

namespace caisson::cli {

struct MigrationFact {
    std::string title;
    std::string applied_at;
    std::chrono::milliseconds took{0};
    std::string checksum;
};
struct SeedFact {
    std::string file;
    std::size_t rows = 0;
    std::string checksum;
};
struct DatabaseFacts {
    std::string name;
    std::string server_version;
    std::string identity;
    std::string provisioned_at;
    std::vector<std::pair<std::string, std::string>> extensions;
    std::vector<std::string> roles;
    std::vector<MigrationFact> migrations;
    std::vector<SeedFact> seeds;
    std::vector<std::pair<std::string, std::int64_t>> tables;  ///< Name and number of rows.
    checks::Report verification;
};
struct StepFact {
    std::string name;
    std::string summary;
    double milliseconds = 0;
};
struct CompletionReport {
    std::string title;
    std::string platform;
    std::string environment;
    std::string written_at;
    std::string version;
    std::string manifest_checksum;
    std::string address;
    std::vector<std::pair<std::string, std::string>> servers;
    std::vector<StepFact> steps;  ///< Of the last `caisson up` that changed something.
    std::vector<DatabaseFacts> databases;

    bool holds() const;
};

std::string to_markdown(const CompletionReport& report);
boost::json::object to_json(const CompletionReport& report);

/// Where `caisson up` keeps the steps of its last run that changed something.
fs::path last_run_file(const trust::Run& run);
std::vector<StepFact> steps_from_json(const std::string& text);

}  // namespace caisson::cli
