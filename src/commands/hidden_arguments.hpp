#pragma once

namespace gensetd::commands {

// Overwrites the values of options that may contain a password, so that the list of processes no longer shows
// them. Call it after the arguments were parsed.
void hide_secret_arguments(int argc, char** argv);

}  // namespace gensetd::commands
