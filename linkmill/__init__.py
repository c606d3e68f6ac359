"""The command line: installed on its own as the package `linkmill`, it imports nothing else of ours."""
