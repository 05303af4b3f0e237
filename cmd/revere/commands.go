package main

// A commandLine is every command of the one binary.
type commandLine struct {
	Connection connection `embed:"" group:"For every command:"`

	Publish publishCommand `cmd:"" help:"Publish an alert."`
	Alerts  alertsCommands `cmd:"" help:"See, follow and correct alerts."`
	Ack     ackCommand     `cmd:"" help:"Record that somebody has acknowledged."`

	Subscribers subscribersCommands `cmd:"" help:"Keep the people who receive."`
	Teams       teamsCommands       `cmd:"" help:"Keep teams: people who answer together."`
	Areas       areasCommands       `cmd:"" help:"Keep and find the areas that alerts are for."`

	Tokens   tokensCommands   `cmd:"" help:"Keep the tokens that let people and programs in."`
	Rejected rejectedCommands `cmd:"" help:"See and replay messages that were not taken."`

	Verify  verifyCommand  `cmd:"" help:"Prove that what is on record about an alert agrees."`
	Backup  backupCommand  `cmd:"" help:"Make an encrypted backup of everything, while the service runs."`
	Restore restoreCommand `cmd:"" help:"Fill an empty installation from a backup; it starts held."`
	Release releaseCommand `cmd:"" help:"See what is held after a restore, and let it go."`
	Keygen  keygenCommand  `cmd:"" help:"Make the key that opens backups."`

	Serve   serveCommand   `cmd:"" help:"Run the service."`
	Check   checkCommand   `cmd:"" help:"Check the configuration and every provider's credentials, without sending."`
	Demo    demoCommand    `cmd:"" help:"Show an exercise from beginning to end; nothing leaves this machine."`
	Bench   benchCommand   `cmd:"" help:"Measure how fast alerts go out here."`
	Version versionCommand `cmd:"" help:"Print the version."`
}
