package gen

import "kgen.dev/kgen/internal/spec"

// GitHub and GitLab say where the checks of the repository run, if anywhere.
func (a *App) GitHub() bool { return a.CI == spec.GitHub }
func (a *App) GitLab() bool { return a.CI == spec.GitLab }

// Checked reports whether checks of the repository are rendered.
func (a *App) Checked() bool { return a.CI != "" }
