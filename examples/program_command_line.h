// What the command lines of the programs and of bench/ share: checks of numbers, and what is said of a wrong one.
#pragma once
#include <charconv>
#include <cmath>
#include <iostream>
#include <string>
#include <type_traits>

#include <CLI/CLI.hpp>

#include <gradus/examples/program.h>

namespace gradus {

// A check for CLI11: "" when `text` is a T of at least `least`, else what is wrong with it.
template <class T>
CLI::Validator at_least(T least) {
  const auto refuse = [least](const std::string& text) -> std::string {
    T value{};
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
    bool good = problem == std::errc() && end == text.data() + text.size() && value >= least;
    if constexpr (std::is_floating_point_v<T>) good = good && std::isfinite(value);
    if (good) return "";
    return std::string("expected a ") + (std::is_floating_point_v<T> ? "" : "whole ") + "number" +
           (std::isinf(static_cast<double>(least)) ? "" : formatted(" of at least %g", static_cast<double>(least))) +
           ", got '" + text + "'";
  };
  return CLI::Validator(refuse, "");
}

// What is wrong with a command line, as a sentence: CLI11's, but where it counts the words after an option.
inline std::string what_is_wrong(const CLI::App& app, const CLI::ParseError& error) {
  const std::string text = error.what(), name = text.substr(0, text.find(':'));
  const auto* const option = app.get_option_no_throw(name);
  if (!dynamic_cast<const CLI::ArgumentMismatch*>(&error) || !option || option->get_type_name().empty()) return text;
  return name + ": expected " + option->get_type_name() + " after it, and no more";
}

// Says so, and returns the program's exit code.
inline int refuse(const CLI::App& app, const CLI::ParseError& error) {
  std::cerr << app.get_name() << ": " << what_is_wrong(app, error) << "\n"
            << app.get_name() << " --help lists the options.\n";
  return 2;
}

}  // namespace gradus
