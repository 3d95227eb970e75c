// How the programs of bench/ read their command line, and how they end: 0; 2 for a wrong command line; 1 for an error.
// What is wrong is a sentence on stderr.
#pragma once
#include <exception>
#include <functional>
#include <iostream>

#include <CLI/CLI.hpp>

#include <gradus/core/version.h>
#include <gradus/examples/program_command_line.h>

namespace gradus {

inline int run_bench(CLI::App& app, int argc, const char* const* argv, const std::function<void()>& work) {
  app.set_version_flag("--version", version(), "print the versions of gradus, CUDA and cuDNN, and stop");
  try {
    app.parse(argc, argv);
    work();
    return 0;
  } catch (const CLI::Success& help_or_version) {
    return app.exit(help_or_version);
  } catch (const CLI::ParseError& error) {
    return refuse(app, error);
  } catch (const std::exception& error) {
    std::cerr << app.get_name() << ": " << error.what() << "\n";
    return 1;
  }
}

}  // namespace gradus
