// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "lifecycle/scale/declaration.h"
#include "lifecycle/scale/model.h"
#include "lifecycle/scale/scale.h"

namespace caisson::scale {

/// A file with everything that rows follow from. The model points into the rest.
struct Source {
    File file;
    double factor = 1;
    Declaration declaration;
    Inputs inputs;
    std::unique_ptr<const Model> model;

    Source() = default;
    Source(const Source&) = delete;
    Source& operator=(const Source&) = delete;
};
/// Errors: seed_invalid.
std::unique_ptr<const Source> understand(const File& file, double factor, Inputs inputs);

/// Columns of tables that are not in the file, by table: what inputs have to hold.
std::map<std::string, std::set<std::string>> wanted_inputs(const File& file);

/// As JSON, and back.
std::string text_of(const Inputs& inputs);
Inputs inputs_of(const std::string& text);
std::string text_of_lists(const File& file);
std::map<std::string, std::string> lists_of(const std::string& text);

/// SHA-256 of all of it.
std::string checksum(const File& file, double factor, const std::string& inputs);

}  // namespace caisson::scale
