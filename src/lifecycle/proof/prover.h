// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// One proof in the making: the shadow as it stands, and the file at hand.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "lifecycle/proof/proof.h"
#include "lifecycle/proof/rows.h"
#include "lifecycle/proof/samples.h"
#include "lifecycle/schema/series.h"

namespace caisson::proof {

/// A structure with its hash.
struct Structure {
    schema::Snapshot snapshot;
    std::string hash;
};

class Prover {
 public:
    Prover(const Request& request, const Options& options)
        : request_(request), options_(options), mirror_(request.sources, request.files) {}
    Proof go();

 private:
    void open();
    void reopen();
    /// Index of the first file to try.
    std::size_t apply_untried();
    /// Whether the next file can be tried.
    bool prove_file(const migrations::Migration& file, FileProof& proof);
    void prove_way_back(FileProof& proof, const Structure& before, const Structure& after);
    void prove_repeatable(FileProof& proof, const Structure& after);

    Tables tables();

    bool up(FileProof& proof, std::chrono::nanoseconds& duration, const std::string& id);
    bool down(FileProof& proof, const Samples& samples);
    /// Applies what is in `applied_` and not yet on the shadow.
    void apply(const migrations::Mirror* mirror);
    std::optional<Error> try_up(std::chrono::nanoseconds& duration);
    std::optional<Error> try_down(std::chrono::nanoseconds& duration);
    void compare_rows(FileProof& proof, const Tables& kept,
                      const std::map<std::string, Rows>& before);
    Tables untouched_tables(FileProof& proof);

    Structure structure();
    /// What was followed file by file is what is there.
    void check_structure();
    void remember_rows();
    Finding& find(const std::string& id, Severity severity, const std::string& file,
                  const std::string& message, const std::string& hint = {});
    void fail(FileProof& proof, const std::string& id, const std::string& file, const Error& error);
    migrations::Migration& file() { return applied_.back(); }

    const Request& request_;
    const Options& options_;
    migrations::Mirror mirror_;  ///< Of the tools' histories, as in earnest.
    Proof proof_;
    std::optional<shadow::Shadow> shadow_;
    std::optional<shadow::Connections> connections_;
    std::vector<migrations::Migration>
        applied_;  ///< What the shadow has; the file at hand is last.
    schema::Series series_{{.rights = true}};
    Structure current_;
    Tables tables_;                     ///< Before the file at hand.
    std::map<std::string, Rows> rows_;  ///< Of those.
    /// A file that is applied a second time without being reverted is news to ours alone.
    bool tools_know_ = false;
    bool is_spoilt_ = false;  ///< The shadow is no longer what the files make of it.
};

/// Applies the seeds twice, and looks what the second time wrote.
SeedProof prove_seeds(const shadow::Shadow& shadow, const Request& request,
                      std::vector<Finding>& findings);

}  // namespace caisson::proof
